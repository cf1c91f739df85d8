"""How Sphinx builds the documentation: ``tox -e docs``, or ``sphinx-build -W docs build/docs``."""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE / "_extensions"), str(_HERE.parent)]

import imaplib2  # noqa: E402

project = "imaplib2"
author = "The imaplib2 authors"
copyright = author
version = release = imaplib2.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "docstrings",
    "figures",
    "flag_names",
    "pictures",
    "quirks",
    "repository_links",
    "public_names",
]
exclude_patterns = ["_*"]
# What is broken is found: with -W, each warning fails the build.
nitpicky = True
default_role = "py:obj"
# Names of types that no page describes.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(.*\.)?(Any|Self|T|Future|Result|ReadableBuffer|StrOrBytesPath|Value|_typeshed\..*)",
    ),
]

# Nothing is fetched: the names of Python's own documentation are in a file, see inventory.py.
intersphinx_mapping = {"python": ("https://docs.python.org/3/", "python.inv")}

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries = False

html_theme = "furo"
html_title = f"imaplib2 {release}"
html_static_path = ["_static"]
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0b6b6b",
        "color-brand-content": "#0b6b6b",
        "color-brand-visited": "#0b6b6b",
        "color-api-name": "#0b6b6b",
        "color-api-pre-name": "#4a7a7a",
    },
    "dark_css_variables": {
        "color-brand-primary": "#5cc4bd",
        "color-brand-content": "#5cc4bd",
        "color-brand-visited": "#5cc4bd",
        "color-api-name": "#5cc4bd",
        "color-api-pre-name": "#5a9a96",
    },
}
html_css_files = ["house.css"]
html_copy_source = False
html_show_sphinx = False
highlight_language = "text"
# Prompts and output aren't copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_selector = "div:not(.highlight-output):not(.highlight-text) > div.highlight > pre"

pygments_style = "tango"
pygments_dark_style = "github-dark"
