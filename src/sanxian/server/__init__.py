"""The server: the registry and the editions over HTTP.

``app`` puts it together, ``services`` is what every route may use, ``access`` says who asks and what they may do,
``problems`` turns errors into answers. No route judges anything: verdicts come from :func:`sanxian.screening.screen`.
"""
