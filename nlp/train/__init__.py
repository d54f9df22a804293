"""Training door: needs the extra ``train``; nothing outside this folder imports it."""
