"""Every figure with its interval, one file for each kind; `schema` has the results as report.json has them.

raters: every score as a column, at any prefix. programs: the figures of one set of programs
(metrics of single problems, pooled figures of whole sets, bootstrap). data_set: all of one file.
"""
