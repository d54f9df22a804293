"""Tests of nlp.train."""
