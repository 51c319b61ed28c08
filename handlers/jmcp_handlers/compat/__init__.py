"""Tools as older servers had them: they run and read as all others do, and give the result its older
shape."""
