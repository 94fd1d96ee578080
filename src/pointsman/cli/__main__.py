"""`python -m pointsman.cli`: the same as the `pointsman` command."""

from pointsman.cli import main

if __name__ == "__main__":
    main()
