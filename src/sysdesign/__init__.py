"""sysdesign: thirty concepts of system design, each a minimal implementation held to an executable specification."""
