"""Warm starts on Linux: a fork server per Python environment and project, which has imported and done nothing else.

    Airflow task ── client ── request, open files ──▶ server ── fork ──▶ child ──▶ runtime.process.run
                      ▲                                (imports)           │
                      └──── log records, warnings, report ◀── channel ─────┘

home: where the server of a project is found, private to its user. preload: what the server imports. witness: what these
imports looked at (environment, files, folders). stamp: whether it is still the same. doubts: whether the server may
fork at all. child: what a forked task does before and after its nodes. On any doubt a task runs fresh, in the task's
own process; once its nodes may have begun it never runs twice.
"""
