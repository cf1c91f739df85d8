"""What servers answer, as Python values.

The functions are named after the responses that they read (RFC 3501, section 7, and extensions),
and take what any command gives: ``data``, ``(typ, data)``, the pairs that
``pop_untagged_responses()`` and the `Idler` give, what a callback is given.

What can't be read raises `ParseError`, which quotes what was there; with ``lenient=True``, such an
item is given as it came, in bytes. What servers are known to get wrong is read without either.
"""

from __future__ import annotations

from ._about import (
    Annotation as Annotation,
    Capabilities as Capabilities,
    Metadata as Metadata,
    MetadataLimit as MetadataLimit,
    annotation as annotation,
    capability as capability,
    identification as identification,
    metadata as metadata,
)
from ._access import (
    Acl as Acl,
    AclEntry as AclEntry,
    ListRights as ListRights,
    MyRights as MyRights,
    Quota as Quota,
    QuotaResource as QuotaResource,
    QuotaRoot as QuotaRoot,
    acl as acl,
    list_rights as list_rights,
    my_rights as my_rights,
    quota as quota,
    quota_root as quota_root,
)
from ._body import (
    BodyPart as BodyPart,
    MessagePart as MessagePart,
    Multipart as Multipart,
    TextPart as TextPart,
)
from ._codes import (
    AppendUid as AppendUid,
    CopyUid as CopyUid,
    PermanentFlags as PermanentFlags,
    ResponseCode as ResponseCode,
    response_code as response_code,
    response_codes as response_codes,
)
from ._envelope import (
    Address as Address,
    Envelope as Envelope,
    Group as Group,
    addresses as addresses,
)
from ._errors import ParseError as ParseError
from ._fetch import Message as Message, fetch as fetch, merged as merged
from ._mailboxes import Mailbox as Mailbox, mailboxes as mailboxes
from ._namespace import (
    Namespace as Namespace,
    Namespaces as Namespaces,
    namespace as namespace,
)
from ._results import (
    Partial as Partial,
    SearchResult as SearchResult,
    SortResult as SortResult,
    Vanished as Vanished,
    expunge as expunge,
    search as search,
    searches as searches,
    sort as sort,
    vanished as vanished,
)
from ._save_name import save_name as save_name
from ._sequence_set import SequenceSet as SequenceSet
from ._status import Status as Status, status as status
from ._thread import Thread as Thread, thread as thread
from ._words import decode_words as decode_words

__all__ = [
    "Acl", "AclEntry", "Address", "Annotation", "AppendUid", "BodyPart", "Capabilities",
    "CopyUid", "Envelope", "Group", "ListRights", "Mailbox", "Message", "MessagePart",
    "Metadata", "MetadataLimit", "Multipart", "MyRights", "Namespace", "Namespaces",
    "ParseError", "Partial", "PermanentFlags", "Quota", "QuotaResource", "QuotaRoot",
    "ResponseCode", "SearchResult", "SequenceSet", "SortResult", "Status", "TextPart", "Thread",
    "Vanished", "acl", "addresses", "annotation", "capability", "decode_words", "expunge",
    "fetch", "identification", "list_rights", "mailboxes", "merged", "metadata", "my_rights",
    "namespace", "quota", "quota_root", "response_code", "response_codes", "save_name",
    "search", "searches", "sort", "status", "thread", "vanished",
]  # fmt: skip
