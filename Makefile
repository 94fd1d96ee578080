# Two commands do everything: `make run` starts Pointsman, `make test` runs the whole check.
RUN := .venv
DEV := .venv-dev
PY := $(DEV)/bin/python
LOCKS := requirements/weights.lock.txt

.PHONY: run test check format lint types contracts size unit bench bench-routing lock clean

run:
	@scripts/bootstrap $(RUN) requirements/run.lock.txt $(LOCKS)
	@exec $(RUN)/bin/pointsman up

$(DEV): ; @$(MAKE) -s dev
dev:
	@scripts/bootstrap $(DEV) requirements/dev.lock.txt $(LOCKS)

test: dev
	@PATH="$(CURDIR)/$(DEV)/bin:$$PATH" $(PY) scripts/check.py

# Routing quality on real outcomes. DATA=folder of parquet files, ARGS=--short for a first look.
DATA := ../shared/data/routing
bench-routing: dev
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m bench.routing $(DATA) $(ARGS)

lock:
	@scripts/lock

clean:
	rm -rf $(RUN) $(DEV) .mypy_cache .ruff_cache .pytest_cache node_modules
