@call "%~dp0bootstrap\start.bat" launch
