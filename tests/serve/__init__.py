"""Tests of the service door."""
