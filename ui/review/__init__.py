"""What does the page Worklist draw?

``film_list``, ``worklist_query``, ``uploads`` and ``examples`` are its list; ``read_panel``,
``sign_form``, ``findings_form`` and ``marks`` the read; ``report*`` and ``archive_report`` what
leaves.
"""
