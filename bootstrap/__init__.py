"""What happens before the lab opens: make .venv, install the packages, start the server, open the browser.

Standard library only, because nothing else is installed yet when this runs.

    cli.py           the commands and options of lab.py
    home.py          every path, named once; the sentence that ends a start that cannot go on
    lock.py          one window builds or serves at a time
    commands.py      run a command, keep its output in a log, show that something is happening
    trouble.py       from the output of a failed command to one sentence that says what to do
    environment.py   .venv: is it whole and current? if not, make it so
    torch_choice.py  which build of PyTorch fits this machine, and why
    launcher.py      port, server, health, browser, and a clean end
    serve.py         the server's own process: Streamlit, tied to the launcher's life
    testing.py       what the tests need besides: developer packages and a browser
    start.bat        what build.bat and launch.bat share: find Python, keep the window open
"""
