from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FileKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILE: _ClassVar[FileKind]
    FOLDER: _ClassVar[FileKind]
    LINK: _ClassVar[FileKind]
FILE: FileKind
FOLDER: FileKind
LINK: FileKind

class EmptyRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunJobReq(_message.Message):
    __slots__ = ("command", "args", "maxCPU", "maxMemory", "maxIOBPS", "options", "key")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    MAXCPU_FIELD_NUMBER: _ClassVar[int]
    MAXMEMORY_FIELD_NUMBER: _ClassVar[int]
    MAXIOBPS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    command: str
    args: _containers.RepeatedScalarFieldContainer[str]
    maxCPU: int
    maxMemory: int
    maxIOBPS: int
    options: Options
    key: str
    def __init__(self, command: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., maxCPU: _Optional[int] = ..., maxMemory: _Optional[int] = ..., maxIOBPS: _Optional[int] = ..., options: _Optional[_Union[Options, _Mapping]] = ..., key: _Optional[str] = ...) -> None: ...

class Options(_message.Message):
    __slots__ = ("environment", "workdir", "timeoutSeconds", "stopGraceSeconds", "name", "input", "terminal")
    class EnvironmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    WORKDIR_FIELD_NUMBER: _ClassVar[int]
    TIMEOUTSECONDS_FIELD_NUMBER: _ClassVar[int]
    STOPGRACESECONDS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_FIELD_NUMBER: _ClassVar[int]
    environment: _containers.ScalarMap[str, str]
    workdir: str
    timeoutSeconds: float
    stopGraceSeconds: float
    name: str
    input: bool
    terminal: Terminal
    def __init__(self, environment: _Optional[_Mapping[str, str]] = ..., workdir: _Optional[str] = ..., timeoutSeconds: _Optional[float] = ..., stopGraceSeconds: _Optional[float] = ..., name: _Optional[str] = ..., input: _Optional[bool] = ..., terminal: _Optional[_Union[Terminal, _Mapping]] = ...) -> None: ...

class Terminal(_message.Message):
    __slots__ = ("rows", "columns")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    rows: int
    columns: int
    def __init__(self, rows: _Optional[int] = ..., columns: _Optional[int] = ...) -> None: ...

class Ending(_message.Message):
    __slots__ = ("reason", "signal", "stoppedBy", "detail", "logBytes", "droppedBytes", "usage")
    REASON_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    STOPPEDBY_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    LOGBYTES_FIELD_NUMBER: _ClassVar[int]
    DROPPEDBYTES_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    signal: int
    stoppedBy: str
    detail: str
    logBytes: int
    droppedBytes: int
    usage: Usage
    def __init__(self, reason: _Optional[str] = ..., signal: _Optional[int] = ..., stoppedBy: _Optional[str] = ..., detail: _Optional[str] = ..., logBytes: _Optional[int] = ..., droppedBytes: _Optional[int] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("cpuSeconds", "peakMemoryBytes", "readBytes", "writtenBytes")
    CPUSECONDS_FIELD_NUMBER: _ClassVar[int]
    PEAKMEMORYBYTES_FIELD_NUMBER: _ClassVar[int]
    READBYTES_FIELD_NUMBER: _ClassVar[int]
    WRITTENBYTES_FIELD_NUMBER: _ClassVar[int]
    cpuSeconds: float
    peakMemoryBytes: int
    readBytes: int
    writtenBytes: int
    def __init__(self, cpuSeconds: _Optional[float] = ..., peakMemoryBytes: _Optional[int] = ..., readBytes: _Optional[int] = ..., writtenBytes: _Optional[int] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("id", "command", "args", "maxCPU", "maxMemory", "maxIOBPS", "status", "startTime", "endTime", "exitCode", "ending", "pid", "owner", "options", "usage")
    ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    MAXCPU_FIELD_NUMBER: _ClassVar[int]
    MAXMEMORY_FIELD_NUMBER: _ClassVar[int]
    MAXIOBPS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTTIME_FIELD_NUMBER: _ClassVar[int]
    ENDTIME_FIELD_NUMBER: _ClassVar[int]
    EXITCODE_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    command: str
    args: _containers.RepeatedScalarFieldContainer[str]
    maxCPU: int
    maxMemory: int
    maxIOBPS: int
    status: str
    startTime: str
    endTime: str
    exitCode: int
    ending: Ending
    pid: int
    owner: str
    options: Options
    usage: Usage
    def __init__(self, id: _Optional[str] = ..., command: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., maxCPU: _Optional[int] = ..., maxMemory: _Optional[int] = ..., maxIOBPS: _Optional[int] = ..., status: _Optional[str] = ..., startTime: _Optional[str] = ..., endTime: _Optional[str] = ..., exitCode: _Optional[int] = ..., ending: _Optional[_Union[Ending, _Mapping]] = ..., pid: _Optional[int] = ..., owner: _Optional[str] = ..., options: _Optional[_Union[Options, _Mapping]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class RunJobRes(_message.Message):
    __slots__ = ("id", "command", "args", "maxCPU", "maxMemory", "maxIOBPS", "status", "startTime", "endTime", "exitCode", "ending", "pid", "owner", "options", "usage")
    ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    MAXCPU_FIELD_NUMBER: _ClassVar[int]
    MAXMEMORY_FIELD_NUMBER: _ClassVar[int]
    MAXIOBPS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTTIME_FIELD_NUMBER: _ClassVar[int]
    ENDTIME_FIELD_NUMBER: _ClassVar[int]
    EXITCODE_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    command: str
    args: _containers.RepeatedScalarFieldContainer[str]
    maxCPU: int
    maxMemory: int
    maxIOBPS: int
    status: str
    startTime: str
    endTime: str
    exitCode: int
    ending: Ending
    pid: int
    owner: str
    options: Options
    usage: Usage
    def __init__(self, id: _Optional[str] = ..., command: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., maxCPU: _Optional[int] = ..., maxMemory: _Optional[int] = ..., maxIOBPS: _Optional[int] = ..., status: _Optional[str] = ..., startTime: _Optional[str] = ..., endTime: _Optional[str] = ..., exitCode: _Optional[int] = ..., ending: _Optional[_Union[Ending, _Mapping]] = ..., pid: _Optional[int] = ..., owner: _Optional[str] = ..., options: _Optional[_Union[Options, _Mapping]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class GetJobStatusReq(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetJobStatusRes(_message.Message):
    __slots__ = ("id", "command", "args", "maxCPU", "maxMemory", "maxIOBPS", "status", "startTime", "endTime", "exitCode", "ending", "pid", "owner", "options", "usage")
    ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    MAXCPU_FIELD_NUMBER: _ClassVar[int]
    MAXMEMORY_FIELD_NUMBER: _ClassVar[int]
    MAXIOBPS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTTIME_FIELD_NUMBER: _ClassVar[int]
    ENDTIME_FIELD_NUMBER: _ClassVar[int]
    EXITCODE_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    command: str
    args: _containers.RepeatedScalarFieldContainer[str]
    maxCPU: int
    maxMemory: int
    maxIOBPS: int
    status: str
    startTime: str
    endTime: str
    exitCode: int
    ending: Ending
    pid: int
    owner: str
    options: Options
    usage: Usage
    def __init__(self, id: _Optional[str] = ..., command: _Optional[str] = ..., args: _Optional[_Iterable[str]] = ..., maxCPU: _Optional[int] = ..., maxMemory: _Optional[int] = ..., maxIOBPS: _Optional[int] = ..., status: _Optional[str] = ..., startTime: _Optional[str] = ..., endTime: _Optional[str] = ..., exitCode: _Optional[int] = ..., ending: _Optional[_Union[Ending, _Mapping]] = ..., pid: _Optional[int] = ..., owner: _Optional[str] = ..., options: _Optional[_Union[Options, _Mapping]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class StopJobReq(_message.Message):
    __slots__ = ("id", "force")
    ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    force: bool
    def __init__(self, id: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...

class StopJobRes(_message.Message):
    __slots__ = ("id", "status", "endTime", "exitCode", "ending")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ENDTIME_FIELD_NUMBER: _ClassVar[int]
    EXITCODE_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    id: str
    status: str
    endTime: str
    exitCode: int
    ending: Ending
    def __init__(self, id: _Optional[str] = ..., status: _Optional[str] = ..., endTime: _Optional[str] = ..., exitCode: _Optional[int] = ..., ending: _Optional[_Union[Ending, _Mapping]] = ...) -> None: ...

class Jobs(_message.Message):
    __slots__ = ("jobs",)
    JOBS_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ...) -> None: ...

class SearchJobsReq(_message.Message):
    __slots__ = ("statuses", "name", "since", "sort", "reversed", "page")
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    REVERSED_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedScalarFieldContainer[str]
    name: str
    since: str
    sort: str
    reversed: bool
    page: str
    def __init__(self, statuses: _Optional[_Iterable[str]] = ..., name: _Optional[str] = ..., since: _Optional[str] = ..., sort: _Optional[str] = ..., reversed: _Optional[bool] = ..., page: _Optional[str] = ...) -> None: ...

class SearchJobsRes(_message.Message):
    __slots__ = ("jobs", "nextPage")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXTPAGE_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[Job]
    nextPage: str
    def __init__(self, jobs: _Optional[_Iterable[_Union[Job, _Mapping]]] = ..., nextPage: _Optional[str] = ...) -> None: ...

class VersionRes(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: str
    def __init__(self, version: _Optional[str] = ...) -> None: ...

class RemoveJobsReq(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ids: _Optional[_Iterable[str]] = ...) -> None: ...

class GetJobLogsReq(_message.Message):
    __slots__ = ("id", "offset", "noFollow", "tailLines")
    ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    NOFOLLOW_FIELD_NUMBER: _ClassVar[int]
    TAILLINES_FIELD_NUMBER: _ClassVar[int]
    id: str
    offset: int
    noFollow: bool
    tailLines: int
    def __init__(self, id: _Optional[str] = ..., offset: _Optional[int] = ..., noFollow: _Optional[bool] = ..., tailLines: _Optional[int] = ...) -> None: ...

class DataChunk(_message.Message):
    __slots__ = ("payload", "offset")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    offset: int
    def __init__(self, payload: _Optional[bytes] = ..., offset: _Optional[int] = ...) -> None: ...

class FilePiece(_message.Message):
    __slots__ = ("entry", "content", "leftOut")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    LEFTOUT_FIELD_NUMBER: _ClassVar[int]
    entry: FileEntry
    content: bytes
    leftOut: LeftOut
    def __init__(self, entry: _Optional[_Union[FileEntry, _Mapping]] = ..., content: _Optional[bytes] = ..., leftOut: _Optional[_Union[LeftOut, _Mapping]] = ...) -> None: ...

class LeftOut(_message.Message):
    __slots__ = ("path", "why")
    PATH_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    path: bytes
    why: str
    def __init__(self, path: _Optional[bytes] = ..., why: _Optional[str] = ...) -> None: ...

class FileEntry(_message.Message):
    __slots__ = ("path", "kind", "mode", "modifiedNs", "target")
    PATH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    MODIFIEDNS_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    path: bytes
    kind: FileKind
    mode: int
    modifiedNs: int
    target: bytes
    def __init__(self, path: _Optional[bytes] = ..., kind: _Optional[_Union[FileKind, str]] = ..., mode: _Optional[int] = ..., modifiedNs: _Optional[int] = ..., target: _Optional[bytes] = ...) -> None: ...

class UploadReq(_message.Message):
    __slots__ = ("job", "pieces", "complete", "entries", "contentBytes")
    JOB_FIELD_NUMBER: _ClassVar[int]
    PIECES_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CONTENTBYTES_FIELD_NUMBER: _ClassVar[int]
    job: RunJobReq
    pieces: _containers.RepeatedCompositeFieldContainer[FilePiece]
    complete: bool
    entries: int
    contentBytes: int
    def __init__(self, job: _Optional[_Union[RunJobReq, _Mapping]] = ..., pieces: _Optional[_Iterable[_Union[FilePiece, _Mapping]]] = ..., complete: _Optional[bool] = ..., entries: _Optional[int] = ..., contentBytes: _Optional[int] = ...) -> None: ...

class DownloadReq(_message.Message):
    __slots__ = ("id", "paths")
    ID_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    id: str
    paths: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, id: _Optional[str] = ..., paths: _Optional[_Iterable[bytes]] = ...) -> None: ...

class FilesChunk(_message.Message):
    __slots__ = ("pieces", "complete")
    PIECES_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    pieces: _containers.RepeatedCompositeFieldContainer[FilePiece]
    complete: bool
    def __init__(self, pieces: _Optional[_Iterable[_Union[FilePiece, _Mapping]]] = ..., complete: _Optional[bool] = ...) -> None: ...

class InputReq(_message.Message):
    __slots__ = ("id", "payload", "offset", "end", "terminal")
    ID_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    TERMINAL_FIELD_NUMBER: _ClassVar[int]
    id: str
    payload: bytes
    offset: int
    end: bool
    terminal: Terminal
    def __init__(self, id: _Optional[str] = ..., payload: _Optional[bytes] = ..., offset: _Optional[int] = ..., end: _Optional[bool] = ..., terminal: _Optional[_Union[Terminal, _Mapping]] = ...) -> None: ...

class InputRes(_message.Message):
    __slots__ = ("taken", "closed")
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    taken: int
    closed: bool
    def __init__(self, taken: _Optional[int] = ..., closed: _Optional[bool] = ...) -> None: ...

class GetJobStatsReq(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class JobStats(_message.Message):
    __slots__ = ("samples",)
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[JobSample]
    def __init__(self, samples: _Optional[_Iterable[_Union[JobSample, _Mapping]]] = ...) -> None: ...

class JobSample(_message.Message):
    __slots__ = ("time", "cpuSeconds", "memoryBytes", "readBytes", "writtenBytes", "logBytes")
    TIME_FIELD_NUMBER: _ClassVar[int]
    CPUSECONDS_FIELD_NUMBER: _ClassVar[int]
    MEMORYBYTES_FIELD_NUMBER: _ClassVar[int]
    READBYTES_FIELD_NUMBER: _ClassVar[int]
    WRITTENBYTES_FIELD_NUMBER: _ClassVar[int]
    LOGBYTES_FIELD_NUMBER: _ClassVar[int]
    time: str
    cpuSeconds: float
    memoryBytes: int
    readBytes: int
    writtenBytes: int
    logBytes: int
    def __init__(self, time: _Optional[str] = ..., cpuSeconds: _Optional[float] = ..., memoryBytes: _Optional[int] = ..., readBytes: _Optional[int] = ..., writtenBytes: _Optional[int] = ..., logBytes: _Optional[int] = ...) -> None: ...
