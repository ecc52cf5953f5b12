"""The routes: every module here with a `router` is found."""
