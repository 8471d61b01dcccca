"""Writes ustar.tar, gnu.tar and pax.tar by Python's tarfile, for Tests/DatasetsTests. All three hold the same:

    folder/            a folder
    folder/first.bin   700 bytes, byte i is i mod 251
    folder/link.bin    a symbolic link to it
    folder/empty.bin   nothing
    folder/<60 x "deep/">/last.bin, 512 bytes; in ustar.tar with only 20 times "deep/"

    python Tests/Fixtures/make_tar_fixtures.py
"""

import io
import pathlib
import tarfile

CONTENT = bytes(i % 251 for i in range(700))


def member(name, kind=tarfile.REGTYPE, content=b"", target=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(content), target
    return info, io.BytesIO(content)


for name, format, depth in [("ustar", tarfile.USTAR_FORMAT, 20), ("gnu", tarfile.GNU_FORMAT, 60),
                            ("pax", tarfile.PAX_FORMAT, 60)]:
    path = pathlib.Path(__file__).with_name(f"{name}.tar")
    with tarfile.open(path, "w", format=format) as archive:
        for entry in [
            member("folder", tarfile.DIRTYPE),
            member("folder/first.bin", content=CONTENT),
            member("folder/link.bin", tarfile.SYMTYPE, target="first.bin"),
            member("folder/empty.bin"),
            member("folder/" + "deep/" * depth + "last.bin", content=CONTENT[:512]),
        ]:
            archive.addfile(*entry)
    print(f"{path.name}: {path.stat().st_size} bytes")
