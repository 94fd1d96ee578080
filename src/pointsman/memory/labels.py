"""The labels of tasks, and what each sounds like: examples for the embedder, words for the eye."""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GENERAL: Final = "general"
USUAL_PRIORITY: Final = "P2"
COMPLEXITIES: Final = ("trivial", "simple", "moderate", "complex")
"""In the order of seed C's multipliers: 0.5, 1.0, 1.5 and 2.0."""

DOMAIN_EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "code": (
        "Implement this function in Python",
        "Fix the bug in the class and refactor the method",
        "Add a feature to the frontend component in TypeScript",
        "Why does this code raise an exception? Here is the stack trace",
        "Review the pull request and update the imports",
    ),
    "testing": (
        "Write unit tests for the module",
        "The test suite fails, make the tests pass",
        "Add an integration test with fixtures and mocks",
        "Increase test coverage of the parser with pytest",
    ),
    "infrastructure": (
        "Deploy the service to the Kubernetes cluster",
        "Write a Dockerfile and the CI pipeline",
        "Set up Terraform for the AWS network and the load balancer",
        "The production server is down, look at the logs and the monitoring",
        "Configure nginx and renew the certificate",
    ),
    "data": (
        "Write a SQL query that joins the tables and groups by month",
        "Create a database migration that adds an index",
        "Clean the CSV file and plot a chart of the data",
        "Train a model on the dataset and evaluate its accuracy",
    ),
    "security": (
        "Find vulnerabilities in the authentication code",
        "Is this open to SQL injection or cross-site scripting?",
        "Rotate the leaked credentials and audit the permissions",
    ),
    "writing": (
        "Write an email to the customer",
        "Draft a blog post about the release",
        "Summarize this article in three sentences",
        "Improve the wording and correct the grammar of this text",
        "Write the documentation and the changelog",
        "Translate this paragraph into German",
    ),
    "reasoning": (
        "Solve the equation and prove the theorem step by step",
        "What is the probability that two dice show the same number?",
        "Analyze the trade-offs and plan the architecture of the system",
        "A train leaves the station at noon; when does it arrive?",
        "Which of the following statements follows from the premises?",
    ),
    GENERAL: (
        "Hello, how are you?",
        "Tell me a joke",
        "What is the capital of France?",
        "Recommend a restaurant for tonight",
    ),
}

DOMAIN_WORDS: Final[dict[str, frozenset[str]]] = {
    "code": _words(
        "bug class code compile component exception function implement import imports javascript method "
        "python refactor rust stacktrace traceback typescript variable"
    ),
    "testing": _words("assertion coverage fixture fixtures mock pytest test tests testing unittest"),
    "infrastructure": _words(
        "ansible aws cluster container deploy deployment docker dockerfile gcp helm kubernetes nginx "
        "outage pipeline server terraform"
    ),
    "data": _words(
        "aggregate csv database dataframe dataset etl index migration pandas postgres query schema sql "
        "table tables"
    ),
    "security": _words(
        "authentication authorization credentials cve encryption exploit injection security "
        "vulnerability vulnerabilities xss"
    ),
    "writing": _words(
        "article blog changelog documentation docs draft email essay grammar letter paragraph readme "
        "rewrite summarize summary translate wording"
    ),
    "reasoning": _words(
        "analyze architecture calculate equation explain integral probability proof prove puzzle solve "
        "theorem tradeoff tradeoffs"
    ),
}

COMPLEX_WORDS: Final = _words(
    "across algorithm architecture concurrency consistency coordinate design distributed end-to-end "
    "migrate migration multi-step optimize orchestrate parallel performance prove redesign refactor "
    "rewrite scalable synthesize system tradeoffs"
)
SIMPLE_WORDS: Final = _words(
    "add bump capitalize comment deps format import imports list lookup quick rename remove simple small "
    "spelling trivial typo version"
)

PRIORITY_WORDS: Final[dict[str, frozenset[str]]] = {
    "P0": _words("outage emergency critical sev0 sev1 p0"),
    "P1": _words("urgent asap blocker blocking immediately p1"),
    "P3": _words("someday eventually optional backlog nice-to-have whenever p3"),
}
"""What says neither is of the usual priority."""

PRIORITY_NAMES: Final = {
    "critical": "P0",
    "urgent": "P0",
    "high": "P1",
    "medium": "P2",
    "normal": "P2",
    "low": "P3",
}
"""Words for priorities that clients use."""
