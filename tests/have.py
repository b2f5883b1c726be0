"""have.py REQUIREMENTS: exits 0 when this Python has them all, in these versions."""
import importlib.metadata
import re
import sys


def main():
    for line in open(sys.argv[1]):
        name, version = re.match(r"([A-Za-z0-9_-]+)(?:\[[^\]]*\])?==(\S+)", line).groups()
        try:
            if importlib.metadata.version(name) != version:
                return 1
        except importlib.metadata.PackageNotFoundError:
            return 1
    try:
        import flask  # what moto[server] adds to moto
    except ImportError:
        return 1
    return 0 if flask else 1


sys.exit(main())
