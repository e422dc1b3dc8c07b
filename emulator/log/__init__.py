"""The request log: what `serve` prints, `tail` follows and the control API streams, one row an exchange."""
