"""What Cookiecutter needs to read the Copier-native tree in template/. Copier runs none of it.

Hooks run with the Python of the user's Cookiecutter (3.10 or newer) and may use the standard
library, Jinja and PyYAML only: all that is certain to be there.
"""
