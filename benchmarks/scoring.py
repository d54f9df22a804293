"""How fast letters are scored: throughput of two processes, latency of one letter, memory, load.

With ``--bert`` a BERT-base of random weights in eight bits reads the same letters in the same run;
only the ratio of the two is worth quoting on a shared machine.
"""

import argparse
import gzip
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlp import bundle
from nlp.letter import Letter
from nlp.score.shelf import open_scorer
from nlp.text import View

PROCESSES, CHUNK = 2, 64
SINGLE, BERT_LETTERS, BERT_BATCH, BERT_LIMIT = 400, 192, 16, 512
Read = Callable[[Sequence[Letter]], None]


def main() -> None:
    """Measure and write JSON to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("letters", type=Path, help="JSON lines, plain or gzipped")
    parser.add_argument("--bundle", type=Path, default=None)
    parser.add_argument("--limit", type=int, default=2000, help="letters to read")
    parser.add_argument("--bert", action="store_true", help="compare with BERT-base int8")
    given = parser.parse_args()
    letters = _letters(given.letters)[: given.limit]
    figures = measure(given.bundle, letters)
    if given.bert:
        with tempfile.TemporaryDirectory() as folder:
            path = _bert(Path(folder))
            figures["bert_base_int8"] = _rate(_open_bert, path, letters[:BERT_LETTERS])
        own = figures["letters_per_second"]
        figures["times_bert"] = round(own / figures["bert_base_int8"], 1)
    json.dump(figures, sys.stdout, indent=1)
    sys.stdout.write("\n")


def measure(folder: Path | None, letters: Sequence[Letter]) -> dict[str, Any]:
    """Figures of one bundle."""
    begun = time.perf_counter()
    scorer = open_scorer(bundle.open_bundle(folder))
    load = time.perf_counter() - begun
    taken: list[float] = []
    for letter in letters[:SINGLE]:
        begun = time.perf_counter()
        scorer.read([View(letter)])
        taken.append(time.perf_counter() - begun)
    p50, p99 = np.quantile(taken[20:], [0.5, 0.99]) * 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "letters": len(letters),
        "characters_per_letter": round(float(np.mean([len(x.text) for x in letters])), 1),
        "letters_per_second": _rate(_open_scorer, folder, letters),
        "processes": PROCESSES,
        "one_letter_ms_p50": round(float(p50), 1),
        "one_letter_ms_p99": round(float(p99), 1),
        "load_seconds": round(load, 2),
        "peak_mib": round(peak),
    }


def _letters(path: Path) -> list[Letter]:
    """Letters of a file, in a fixed shuffled order."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    order = np.random.default_rng(0).permutation(len(rows))
    found = (rows[i] for i in order)
    return [
        Letter(str(r["id"]), r.get("title") or "", r.get("body") or r.get("text") or "")
        for r in found
    ]


def _rate(make: Callable[[Any], Read], source: Any, letters: Sequence[Letter]) -> float:  # noqa: ANN401
    """Letters a second of all processes together, loading and warming up left out."""
    context = multiprocessing.get_context("spawn")
    barrier, times = context.Barrier(PROCESSES), context.Queue()
    parts = [letters[i::PROCESSES] for i in range(PROCESSES)]
    crew = [
        context.Process(target=_work, args=(make, source, part, barrier, times)) for part in parts
    ]
    for member in crew:
        member.start()
    slowest = max(times.get() for _ in crew)
    for member in crew:
        member.join()
    return round(len(letters) / slowest, 1)


def _work(
    make: Callable[[Any], Read],
    source: Any,  # noqa: ANN401  # what make takes
    letters: Sequence[Letter],
    barrier: Any,  # noqa: ANN401  # multiprocessing's own
    times: Any,  # noqa: ANN401  # as above
) -> None:
    """One process's share."""
    read = make(source)
    read(letters[:CHUNK])
    barrier.wait()
    begun = time.perf_counter()
    for start in range(0, len(letters), CHUNK):
        read(letters[start : start + CHUNK])
    times.put(time.perf_counter() - begun)


def _open_scorer(folder: Path | None) -> Read:
    """Reads letters with a bundle."""
    scorer = open_scorer(bundle.open_bundle(folder))
    return lambda letters: (scorer.read([View(letter) for letter in letters]), None)[1]


def _bert(folder: Path) -> Path:
    """BERT-base with random weights as an ONNX file in eight bits."""
    import torch  # noqa: PLC0415
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = BertModel(BertConfig(vocab_size=21_128)).eval()

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state

    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    given = (torch.ones(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.long))
    made: Any = torch.onnx.export(
        States(), given, dynamo=True, input_names=["ids", "mask"], dynamic_shapes=(free, free)
    )
    made.save(str(folder / "whole.onnx"))
    quantize_dynamic(
        folder / "whole.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8, per_channel=True
    )
    return folder / "int8.onnx"


def _open_bert(path: Path) -> Read:
    """Reads letters a character a piece, those of about one length together."""
    import onnxruntime  # noqa: PLC0415

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session: Any = onnxruntime.InferenceSession(str(path), options)

    def read(letters: Sequence[Letter]) -> None:
        rows = sorted((letter.text[:BERT_LIMIT] or "?" for letter in letters), key=len)
        for start in range(0, len(rows), BERT_BATCH):
            part = rows[start : start + BERT_BATCH]
            ids = np.zeros((len(part), len(part[-1])), np.int64)
            for i, text in enumerate(part):
                ids[i, : len(text)] = [ord(sign) % 21_128 or 1 for sign in text]
            session.run(None, {"ids": ids, "mask": (ids > 0).astype(np.int64)})

    return read


if __name__ == "__main__":
    main()
