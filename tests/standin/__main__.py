"""Serves the stand-in on an ephemeral port of 127.0.0.1 and prints the port on one line."""

from tests.standin.server import serve

if __name__ == "__main__":
    serve()
