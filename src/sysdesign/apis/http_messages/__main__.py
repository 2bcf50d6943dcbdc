"""`python -m sysdesign.apis.http_messages --engine flask --port 8000`: serves the notes."""

from . import main

if __name__ == "__main__":
    main()
