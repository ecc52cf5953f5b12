"""An external model service that labels images, over HTTP."""
