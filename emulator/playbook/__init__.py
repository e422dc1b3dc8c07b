"""The playbook: APIs and scenarios compiled, ready to be asked."""
