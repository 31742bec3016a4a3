# A clone of the repository, whose dependencies are installed.
