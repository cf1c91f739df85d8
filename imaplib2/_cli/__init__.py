"""The command line: ``imaplib2`` and ``python -m imaplib2``. Programs never load it.

A module for each command, with two functions:

- ``add_arguments(parser)`` adds what the command takes to an ``argparse.ArgumentParser``. The
  module's docstring is the description in its help;
- ``run(options, console)`` does it and returns the exit status. It writes by the `Console` only,
  and raises `Failure` for what ends it.

Names that options of a command's own can't have: ``host`` and those of `accounts.add_arguments`,
``subcommand``, ``run`` and ``parser``.

Shared are `main` (the parser, and what becomes of exceptions), `accounts` (which server, and a
connection to it), `passwords`, `console`, `failures` and `advice` (what is wrong, in words).
Modules here are loaded for each help text: what is large or slow is imported where it is used. A
command that takes more than a module has a package beside it: `backup` (of fetch and push),
`checking`, `demonstration` and `watching`.
"""
