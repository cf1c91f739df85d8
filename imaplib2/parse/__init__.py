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
from ._save_name import save_name as save_name
from ._sequence_set import SequenceSet as SequenceSet
from ._words import decode_words as decode_words

__all__ = [
    "Acl", "AclEntry", "Address", "Annotation", "AppendUid", "BodyPart", "Capabilities",
    "CopyUid", "Envelope", "Group", "ListRights", "Message", "MessagePart", "Metadata",
    "MetadataLimit", "Multipart", "MyRights", "ParseError", "PermanentFlags", "Quota",
    "QuotaResource", "QuotaRoot", "ResponseCode", "SequenceSet", "TextPart", "acl", "addresses",
    "annotation", "capability", "decode_words", "fetch", "identification", "list_rights",
    "merged", "metadata", "my_rights", "quota", "quota_root", "response_code", "response_codes",
    "save_name",
]  # fmt: skip
