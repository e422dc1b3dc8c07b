"""One local server that stands in for hosted AI APIs described in YAML."""

__version__ = "0.1.0"
