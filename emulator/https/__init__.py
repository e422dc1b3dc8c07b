"""REACH: programs with hard-coded https:// hosts come here: certificates, and the HTTPS front."""
