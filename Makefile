# Every word here is what CI calls. Python 3.11 or newer, pip and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test install install-test fix lint types walls unit slow docs wheel train clean

demo: install  ## 安装并研判 examples/ 里的 52 封虚构来信
	$(BIN)/petition scan examples/letters.xlsx --out out/reports.jsonl --out out/triage.xlsx

test: lint types walls unit slow docs wheel  ## 安装测试依赖并跑完全部检查

install: .venv/.installed
install-test: .venv/.installed-test

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | .venv/bin/python
	$(PIP) -e .
	touch $@

.venv/.installed-test: pyproject.toml | .venv/bin/python
	$(PIP) -e '.[test]'
	touch $@ .venv/.installed

fix: install-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install-test
	$(BIN)/pyright --pythonpath $(BIN)/python

walls: install-test
	$(BIN)/lint-imports

unit: install-test
	$(BIN)/python -m pytest

slow: install-test
	$(BIN)/python -m pytest -m slow --dist loadscope

docs: install-test
	$(BIN)/python -m pytest -m docs

wheel: install-test
	$(BIN)/python -m pytest -m wheel

train: install-test  ## 重新训练随包的模型：先线性，再编码器；数据文件夹写在 recipes/petition-zh.toml 里
	$(BIN)/petition train linear --data $(DATA) --annotations recipes/annotations.csv --out models/linear
	$(BIN)/petition train recipes/petition-zh.toml --out models/petition-zh

clean:
	rm -rf .venv out dist build
