@call "%~dp0bootstrap\start.bat" build
