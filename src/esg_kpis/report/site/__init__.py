"""The report site: static pages that open from disk, in English and Traditional Chinese."""
