"""Tests of nlp.fields."""
