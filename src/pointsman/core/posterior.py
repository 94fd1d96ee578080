"""What learning has found out about the models, as it travels inside a `PolicySnapshot`.

Values only: arrays are little-endian bytes, which `routing.evidence` reads in place. Nothing here is trusted
before `routing.evidence.checked` has seen it.
"""

from msgspec import Struct, field


class Geometry(Struct, frozen=True, kw_only=True):
    """How a task's vector becomes the model's inputs. Statistics of different `version`s do not add up.

    `embedding` and `surface` are the sizes of the vector's two parts. `mean` and `scale` (float64) centre
    and scale each component; `centres` (float64, `clusters` rows) are the middles of the task clusters in
    that scaled space, and `radius` is the distance from its centre within which a task counts as familiar
    (0: no clusters, everything is familiar). `kinds` are the kinds of task (`performance.slice_of`) that all
    models are told apart by.
    """

    version: int
    embedding: int
    surface: int
    mean: bytes
    scale: bytes
    clusters: int = 0
    centres: bytes = b""
    radius: float = 0.0
    kinds: tuple[str, ...] = ()


class Posterior(Struct, frozen=True, kw_only=True):
    """The fitted evidence model: `p(success) = global + task + agent`, each with its uncertainty.

    Rows of the arrays (float32) are `models` in order and one more, the newcomer: a model of which nothing
    has been seen. `means` are the weights of the inputs, `covariances` what is not known of them, `usual`
    the mean input that a model was seen with. `centre` is the mean input over all evidence, at which the
    task's share is 0 by definition. `weights` (float32) is how much evidence stands behind a model.
    `agents` holds per agent the deltas of the models it used, as records that `routing.evidence` packs;
    `slices` names the kinds of task in them, the first standing for those not seen. `components` are the
    learned variances of the levels.
    """

    geometry: Geometry
    models: tuple[str, ...]
    means: bytes
    covariances: bytes
    usual: bytes
    centre: bytes
    weights: bytes
    slices: tuple[str, ...] = ("*",)
    agents: dict[str, bytes] = field(default_factory=dict)
    components: dict[str, float] = field(default_factory=dict)
