"""Tests, mirroring nlp/."""
