@echo off
rem What build.bat and launch.bat share: find Python, hand over to lab.py, keep the window open to be read.
rem %1 is the command for lab.py.
setlocal
title Latent Lab

rem UTF-8, so that a folder's name in any script is shown as it is.
chcp 65001 >nul 2>nul

rem pushd and not cd: it also works from a network share, where cmd cannot stand otherwise.
pushd "%~dp0.."
if errorlevel 1 (
    echo Latent Lab cannot work in this folder: unpack the zip file first, or move the folder to your own disk.
    pause
    exit /b 1
)

rem The Python launcher comes first: it knows the newest Python. Then the usual names. Each is tried by running it,
rem because a name alone may be the Microsoft Store's, which only advertises.
set "LAB_PYTHON="
call :try py -3
call :try python
call :try python3
if not defined LAB_PYTHON (
    echo Latent Lab needs Python 3.11 or newer, and no Python was found: install it from
    echo https://www.python.org/downloads/ with "Add python.exe to PATH" ticked, then double-click again.
    popd
    pause
    exit /b 1
)

rem call: should Python be a batch file itself, we come back from it.
call %LAB_PYTHON% lab.py %1
set "LAB_CODE=%errorlevel%"
popd
if not "%LAB_CODE%"=="0" (
    pause
    exit /b %LAB_CODE%
)
if "%~1"=="build" pause
exit /b 0

:try
if defined LAB_PYTHON exit /b 0
call %* -c "" >nul 2>nul
if "%errorlevel%"=="0" set "LAB_PYTHON=%*"
exit /b 0
