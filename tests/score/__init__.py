"""Tests of nlp.score."""
