"""Read a collection as QGIS does, and print what it found as JSON. Run by the Python that has PyQGIS, without a screen.

``/usr/bin/python3 qgis_reads.py ADDRESS COLLECTION``
"""

import json
import os
import sys


def main() -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from qgis.core import QgsApplication, QgsVectorLayer  # type: ignore[import-not-found]

    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    address, collection = sys.argv[1:]
    uri = f"typename='{collection}' url='{address}/ogc' pagingEnabled='true' pageSize='50'"
    layer = QgsVectorLayer(uri, collection, "OAPIF")
    found = {
        "valid": layer.isValid(),
        "error": layer.error().message(),
        "crs": layer.crs().authid(),
        "fields": [field.name() for field in layer.fields()],
        "features": [
            {"code": feature["code"], "name": feature["name"], "wkb": bytes(feature.geometry().asWkb()).hex()}
            for feature in layer.getFeatures()
        ]
        if layer.isValid()
        else [],
    }
    layer.setSubsetString("\"class\" = 'KEY'")
    found["key"] = sum(1 for _ in layer.getFeatures()) if layer.isValid() else 0
    print(json.dumps(found))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)  # QGIS unloads its providers in an order that may crash without a screen


if __name__ == "__main__":
    main()
