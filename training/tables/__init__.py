"""Tables of complaints, read and held: file formats, roles of columns, cells, points in time."""
