"""Runs all cells of a notebook in their order, in a kernel of Jupyter, and then one more.

Usage: python run_notebook.py NOTEBOOK CELL

Fails at the first cell that throws. The kernel is the one that the notebook names; JUPYTER_PATH says where it is described.
"""

import os
import sys

import nbclient
import nbformat

path, last = sys.argv[1:]
notebook = nbformat.read(path, as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell(last))
folder = {"metadata": {"path": os.path.dirname(path)}}
nbclient.NotebookClient(notebook, timeout=600, resources=folder).execute()
