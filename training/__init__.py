"""How the reader in `qa/model` is trained: `python -m training.train --help`. Not installed with the package."""
