# The two commands that matter: `make run` and `make test`. Each takes a fresh clone to its goal by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILE := pip-compile -q --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host --no-emit-options --no-header --allow-unsafe

.PHONY: install run test lint load load-logins load-polling bench bench-pages lock manual pictures browser office clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements-dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Browser tests use Debian's Chromium, or the one that Playwright fetches where there is no root.
browser: install
	command -v chromium >/dev/null || \
		if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -y -q chromium; \
		else $(BIN)/playwright install chromium; fi

# Tests of exported files open them in LibreOffice. Without root there is no other way to get it than by hand.
office:
	command -v soffice >/dev/null || \
		{ apt-get update -q && apt-get install -y -q --no-install-recommends libreoffice-calc-nogui; }

run: install
	KABINET_ENV=development $(BIN)/kabinet run --demo

# Two runs: the browser's driver keeps an event loop, in which some of the other tests can't run.
test: browser office
	$(BIN)/pytest -q -n 2 --ignore tests/browser
	$(BIN)/pytest -q -n 2 tests/browser

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

load: install
	$(BIN)/python -m loadtests.run

# Logins under a flood of wrong ones.
load-logins: install
	$(BIN)/python -m loadtests.wrong_logins

# 50,000 registers that poll for their settings.
load-polling: install
	$(BIN)/python -m loadtests.polling

bench: install
	$(BIN)/python -m loadtests.bench
	$(BIN)/python -m loadtests.pages

# The pages alone, over databases that stay in var/bench (11 GB) for the next time.
bench-pages: install
	$(BIN)/python -m loadtests.pages --keep

# The manuals of the page of instructions, as PDF: after any change in docs/guide/ or of the register API.
manual: install
	$(BIN)/python -W ignore -m scripts.manuals

# For maintainers: the guide's pictures, of the pages as they are now with the data of the demo.
pictures: install
	$(BIN)/python -m scripts.pictures

# For maintainers: renew the lock files. Needs pip-tools.
lock:
	$(COMPILE) --extra data --extra load --extra dev -o requirements-dev.txt pyproject.toml
	$(COMPILE) -c requirements-dev.txt -o requirements.txt pyproject.toml

clean:
	rm -rf $(VENV) var
