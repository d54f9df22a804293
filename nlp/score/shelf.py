"""Opens the scorer that a bundle holds, whichever kind it is."""

from nlp.bundle import MANIFEST, REMEDY, Bundle
from nlp.errors import BundleError
from nlp.score import Scorer
from nlp.score.linear import LinearScorer


def open_scorer(bundle: Bundle) -> Scorer:
    """The scorer of a bundle.

    Raises:
        BundleError: Its kind is unknown, or a file of it is not what the manifest promises.
    """
    kind = bundle.manifest["kind"]
    if kind == "linear":
        return LinearScorer(bundle)
    if kind == "encoder":
        # onnxruntime and tokenizers take half a second to import; a linear bundle needs neither
        from nlp.score.encoder import EncoderScorer  # noqa: PLC0415

        return EncoderScorer(bundle)
    raise BundleError(
        f"不认识的模型种类 {kind!r}", where=f"{bundle.folder / MANIFEST}", remedy=REMEDY
    )
