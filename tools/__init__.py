"""The course's own tools, one purpose each; `make help` names the commands that run them."""
