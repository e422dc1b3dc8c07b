"""HTTPS for hard-coded hosts: certificates, and the proxy that routes or blocks calls."""
