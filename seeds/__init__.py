"""The articles that Quoth ships with: data only. The folder is a package so that it is installed with the others."""
