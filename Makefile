# 命令只有这一份清单 / the one list of commands. `make` 显示说明 / shows the help.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

# Stamps: an install runs again only when the lock or the package's own metadata changed.
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench score lock clean

help:
	@echo '三线 Sanxian'
	@echo
	@echo '  make demo    安装并运行示例，结果在 out/        install, run the demonstration, results in out/'
	@echo '  make test    全部检查与测试                     all checks and tests'
	@echo '  make check   格式、类型、分层、文档检查         format, types, layers, documents'
	@echo '  make format  自动整理代码格式                   format the code'
	@echo '  make bench   性能测试                           benchmarks'
	@echo '  make score   条款语法的得分                     how well the clause grammar reads'
	@echo '  make lock    重新锁定依赖（需要网络）           lock the dependencies again (needs the network)'
	@echo '  make clean   删除 make 生成的一切               remove all that make wrote'
	@echo
	@echo '  PYTHON=python3.12 make demo   使用另一个 Python（>= 3.11）/ with another Python'

demo: $(RUNTIME)
	@$(BIN)/sanxian demo run --out out

test: check
	@$(BIN)/python -m pytest -q -n auto

check: $(DEV)
	@$(BIN)/ruff check -q
	@$(BIN)/ruff format -q --check || { echo '请运行 make format / run make format'; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >$(VENV)/lint-imports.log 2>&1 || { cat $(VENV)/lint-imports.log; exit 1; }
	@$(BIN)/python -m pytest -q tests/test_house.py
	@echo '检查通过 / checks passed'

format: $(DEV)
	@$(BIN)/ruff check -q --fix
	@$(BIN)/ruff format -q

# The peers go into an environment of their own: they are no dependency of the project. SCALE=sample|province|nation
BENCH := build/bench-venv
SCALE ?= province

bench: $(DEV) $(BENCH)/.installed
	@$(BIN)/python bench/screening.py
	@$(BENCH)/bin/python bench/engine.py --scale $(SCALE) --quick

$(BENCH)/.installed: bench/requirements.in pyproject.toml
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip --disable-pip-version-check --no-input -qq install -r bench/requirements.in
	@$(BENCH)/bin/python -m pip --disable-pip-version-check --no-input -qq install --no-deps -e .
	@touch $@

score: $(DEV)
	@$(BIN)/python tests/clause_scores.py

lock: $(DEV)
	@$(BIN)/uv pip compile -q pyproject.toml --all-extras --group build -o requirements/runtime.txt $(COMPILE)
	@$(BIN)/uv pip compile -q pyproject.toml --all-extras --group build --group dev \
		-c requirements/runtime.txt -o requirements/dev.txt $(COMPILE)
	@echo '已锁定 / locked: requirements/runtime.txt requirements/dev.txt'

# No index address and no machine path goes into a lock; UPGRADE=--upgrade takes newer versions.
COMPILE = --generate-hashes --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 \
	--custom-compile-command 'make lock' $(UPGRADE)

clean:
	@rm -rf $(VENV) out dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# --- installation ---------------------------------------------------------------------------------

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo '未找到 $(PYTHON)。请安装 Python 3.11 或更高版本（Debian/Ubuntu：apt install python3 python3-venv），或用 PYTHON=... 指定。'; \
		echo '$(PYTHON) was not found. Install Python 3.11 or later (Debian/Ubuntu: apt install python3 python3-venv), or set PYTHON=...'; \
		exit 1; } >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) 的版本是 $$($(PYTHON) -V 2>&1)，需要 3.11 或更高。请用 PYTHON=python3.12 之类指定较新的版本。"; \
		echo "$(PYTHON) is $$($(PYTHON) -V 2>&1); 3.11 or later is needed. Set a newer one, e.g. PYTHON=python3.12."; \
		exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '$(PYTHON) 缺少 venv 模块。请安装（Debian/Ubuntu：apt install python3-venv）。'; \
		echo '$(PYTHON) lacks the venv module. Install it (Debian/Ubuntu: apt install python3-venv).'; \
		exit 1; } >&2
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUNTIME): $(BIN)/python requirements/runtime.txt pyproject.toml
	@echo '安装依赖（仅首次或锁文件变动时）/ installing (only once, or when the lock changed) ...' >&2
	@$(PIP) install --only-binary :all: --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	@echo '安装开发工具 / installing development tools ...' >&2
	@$(PIP) install --only-binary :all: --require-hashes -r requirements/dev.txt
	@touch $@
