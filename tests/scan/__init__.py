"""Tests of nlp.scan."""
