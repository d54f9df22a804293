"""petition-nlp: reads Chinese petition letters and helps the people who answer them."""

__version__ = "0.1.0"
