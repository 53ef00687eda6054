"""What crosses from Airflow to the runtime and back. Standard library only; versioned; JSON on the wire.

    Airflow side                              runtime side (Kedro)
    KedroOperator ── TaskRequest (JSON) ──▶ execute(request)
                  ◀── TaskReport (JSON) ──

Both sides may run different versions of Python and of every library; this room is all that they share.
"""
