"""Start-up: make .venv, install the packages, start the server, open the browser.

Standard library only, because nothing else is installed yet when this runs.

    cli.py             commands and options of lab.py
    paths.py           every path of the start-up, named once; SetupError
    lock.py            a lock on the lab's folder: one process builds or serves at a time
    run_command.py     run a command with its output in a log and its progress on the terminal
    error_messages.py  known causes of failed commands, and what to do about them
    environment.py     .venv: check that it is complete and up to date, or bring it up to date
    torch_wheel.py     choice of the PyTorch build for this machine
    launcher.py        port, server, health, browser, shutdown
    server.py          the server process: Streamlit, which ends with the launcher
    door.py            refuses requests of other pages and computers; the visitor's token
    pictures.py        answers for Generate's sliders, without a run of the page's script
    limits.py          open files and the size of the log
    rerun_guard.py     rewrites rerun messages so that each click acts exactly once
    script_threads.py  the script threads of a session take turns, and lose no click between them
    set_values.py      what the server sets for a widget stands against older values from the browser
    dev_setup.py       the test command: developer packages, a browser, pytest
    start.bat          shared by build.bat and launch.bat: find Python, keep the window open
"""
