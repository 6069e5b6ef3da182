"""Text in pictures: images, and pages of a PDF without a text layer, read with the program `tesseract`.

It is a program apart and not a library, so that what takes too long can be ended, and a picture that breaks it breaks
nothing else. It has the pictures from its standard input and says the text on its standard output: nothing is written
to disk, and nothing is downloaded.
"""
