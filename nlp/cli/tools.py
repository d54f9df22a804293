"""Commands around the letters: serve, evaluate, schema, labels, train."""

import importlib
import json
import logging
from pathlib import Path
from typing import Annotated, Any

import typer

from nlp.cli.letters import Bundle, ByBoard, Labels
from nlp.errors import LetterError, OptionError, PetitionError

_TRAIN_REMEDY = "请安装 pip install 'petition-nlp[train]'"
Folder = Annotated[
    Path | None, typer.Option("--folder", help="标签文件夹；不给就用随包的", show_default=False)
]


def serve(
    host: Annotated[
        str | None, typer.Option("--host", help="监听地址，默认 127.0.0.1", show_default=False)
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="端口，默认 8000", show_default=False),
    ] = None,
    bundle: Bundle = None,
) -> None:
    """启动接口服务：POST /v1/triage，说明见 /docs（不联网也能打开）。"""
    server: Any = importlib.import_module("nlp.serve")
    server.run(host, port, bundle)


def evaluate(  # noqa: PLR0913, PLR0917  # each option is a parameter
    gold: Annotated[Path, typer.Argument(metavar="金标文件", help="按标注手册标注的 jsonl")],
    reports: Annotated[
        Path | None,
        typer.Option("--reports", help="已有的报告 jsonl；不给就现场研判", show_default=False),
    ] = None,
    bundle: Bundle = None,
    labels: Labels = None,
    by_board: ByBoard = False,
    out: Annotated[
        Path | None, typer.Option("--json", help="把全部数字另存为 JSON", show_default=False)
    ] = None,
) -> None:
    """用标注过的来信量一量准不准。"""
    for path in (gold, reports):
        if path is not None and not path.is_file():
            raise LetterError("没有这个文件", where=str(path), remedy="请检查路径和文件名")
    module: Any = importlib.import_module("nlp.evaluate")
    figures: Any = module.evaluate_file(
        gold, bundle=bundle, labels=labels, reports=reports, by_board=by_board
    )
    text = json.dumps(figures, ensure_ascii=False, indent=2)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    typer.echo(text)


def labels_check(folder: Folder = None) -> None:
    """检查标签文件：有错就指出文件和行。"""
    from nlp import labels  # noqa: PLC0415

    found = labels.load(folder)
    levels = [topic.level for topic in found.topics]
    counts: list[tuple[str, object]] = [
        ("taxonomy.csv", "/".join(str(levels.count(level)) for level in (1, 2, 3)) + " 级"),
        ("purposes.toml", len(found.purposes)),
        ("scales.toml", f"{len(found.urgency)}+{len(found.distress)}+{len(found.emotions)}"),
        ("crisis.toml", len(found.crisis_types)),
        ("flags.toml", len(found.flags)),
        ("needs.toml", len(found.needs)),
        ("fields.toml", len(found.fields)),
        ("pii.toml", len(found.pii_types)),
        ("rules/guards.toml", len(found.guards)),
        *((f"rules/{family}.toml", len(rules)) for family, rules in found.rules.items()),
        ("handling/*.toml", len(found.handling)),
    ]
    for name, count in counts:
        typer.echo(f"{name:<22}{count}")
    typer.echo(f"没有发现错误　{found.digest}")


def labels_show(
    name: Annotated[str, typer.Argument(metavar="名称", help="类别、标记、需要等的名称或编码")],
    folder: Folder = None,
) -> None:
    """显示一个标签的说明和依据。"""
    from nlp import labels  # noqa: PLC0415

    found = labels.load(folder)
    lines = [
        f"{topic.code} {topic.name}：{topic.description}"
        for topic in found.topics
        if name in {topic.code, topic.name, *topic.aliases}
    ]
    named = (*found.purposes, *found.crisis_types, *found.needs, *found.fields, *found.emotions)
    lines += [f"{item.name}：{item.description}" for item in named if item.name == name]
    lines += [f"{f.name}：{f.description}　{f.basis}" for f in found.flags if f.name == name]
    if not lines:
        raise PetitionError(f"没有名为 {name!r} 的标签", remedy="请看 labels/ 下的文件")
    typer.echo("\n".join(lines))


def schema() -> None:
    """输出报告的 JSON Schema（2020-12）；docs/report.schema.json 就是它写的。"""
    from nlp.codec import json_schema  # noqa: PLC0415

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


Run = Annotated[Path, typer.Argument(metavar="配置", help="训练配置 TOML，或 linear（线性模型）")]
Out = Annotated[Path, typer.Option("--out", help="模型写到哪里")]
Work = Annotated[
    Path | None,
    typer.Option("--work", help="检查点放哪里；默认在配置旁的 runs/ 下", show_default=False),
]


def train(  # noqa: PLR0913, PLR0917  # each option is a parameter
    run: Run,
    out: Out,
    work: Work = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="linear：标注数据文件夹", show_default=False)
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option("--annotations", help="linear：按编号的补充标注 CSV", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="linear：随机种子")] = 0,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="linear：只重训 heads 或 fields", show_default=False),
    ] = None,
    labels: Labels = None,
) -> None:
    """按配置训练，写成一个模型文件夹，并打印留出来信上的数字。断了再运行，会从检查点接着训练。"""
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("nlp").setLevel(logging.INFO)  # the exporter's own chatter stays out
    if str(run) == "linear":
        given = {"annotations": annotations, "seed": seed, "labels_folder": labels}
        figures = _train_linear(data, out, part, given)
    else:
        figures = _training("run").main(run, out, work=work)
    typer.echo(json.dumps(figures, ensure_ascii=False, indent=2))


def export(
    run: Annotated[Path, typer.Argument(metavar="配置", help="训练配置 TOML")],
    out: Out,
    work: Work = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="int8、fp16 或 fp32", show_default=False)
    ] = None,
) -> None:
    """从训练完的检查点重新导出模型文件夹，不再训练。"""
    figures: Any = _training("run").export(run, out, work=work, precision=precision)
    typer.echo(json.dumps(figures, ensure_ascii=False, indent=2))


def _train_linear(
    data: Path | None, out: Path, part: list[str] | None, given: dict[str, Any]
) -> Any:  # noqa: ANN401  # a dict of figures from a module that is loaded late
    """Train the linear model."""
    if data is None:
        raise OptionError("没有说明数据在哪里", where="--data", remedy="请给出标注数据文件夹")
    linear = _training("linear")
    parts = tuple(part or linear.PARTS)
    if unknown := set(parts) - set(linear.PARTS):
        raise OptionError(f"没有名为 {min(unknown)!r} 的部分", remedy="可用：heads、fields")
    return linear.main(source=data, out=out, parts=parts, **given)


def _training(name: str) -> Any:  # noqa: ANN401  # a module that is loaded late
    """A module of the training door, which most installations lack the dependencies of."""
    try:
        return importlib.import_module(f"nlp.train.{name}")
    except ImportError as error:
        raise PetitionError(f"缺少训练依赖 {error.name}", remedy=_TRAIN_REMEDY) from error
