"""The ways in for programs and browsers: today the control socket, through which the CLI talks to a running center."""
